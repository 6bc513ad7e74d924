/* Sliders beside the boxes of the form marked data-answer: moving one asks the server and puts its answer in place.
   Without this file the form's button does the same with a page. */

const WAIT = 150;

function slider(box, ask) {
  const [low, high, step, whole] = box.dataset.slide.split(" ").map(Number);
  const comma = (1.5).toLocaleString(document.documentElement.lang).includes(",");
  const digits = Math.round(Math.log10(whole));
  const read = () => Math.round(Number(box.value.replace(comma ? /\./g : /,/g, "").replace(",", ".")) * whole);
  const write = (value) => {
    const text = (value / whole).toFixed(digits);
    box.value = comma ? text.replace(".", ",") : text;
  };
  const range = document.createElement("input");
  range.type = "range";
  range.className = "form-range";
  range.min = low;
  range.max = high;
  range.step = step;
  range.value = box.value === "" ? high : read();
  range.setAttribute("aria-labelledby", `${box.id}-label`);
  range.addEventListener("input", () => {
    write(Number(range.value));
    range.setAttribute("aria-valuetext", box.value);
    ask();
  });
  box.addEventListener("input", () => {
    range.value = box.value === "" ? high : read();
    ask();
  });
  const label = document.querySelector(`label[for="${box.id}"]`);
  if (label) label.id = `${box.id}-label`;
  const holder = box.closest(".field") ?? box.parentElement;
  holder.append(range);
}

const form = document.querySelector("form[data-answer]");
if (form) {
  const answer = document.getElementById("answer");
  let timer = 0;
  let asked = null;
  const fetchAnswer = async () => {
    asked?.abort();
    asked = new AbortController();
    answer.setAttribute("aria-busy", "true");
    try {
      const query = new URLSearchParams(new FormData(form));
      const reply = await fetch(`${form.dataset.answer}?${query}`, { signal: asked.signal, credentials: "same-origin" });
      if (!reply.redirected && (reply.ok || reply.status === 422)) answer.innerHTML = await reply.text();
      answer.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name !== "AbortError") answer.removeAttribute("aria-busy");
    }
  };
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(fetchAnswer, WAIT);
  };
  for (const box of form.querySelectorAll("[data-slide]")) slider(box, ask);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    fetchAnswer();
  });
}

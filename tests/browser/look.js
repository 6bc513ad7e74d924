// What the tests ask of a page, beside axe itself: loaded into every page before its own scripts.

window.look = (() => {
  const COLOURS = ["color-contrast", "link-in-text-block"];
  const TELLING =
    /^(class|style|type|role|scope|lang|open|hidden|disabled|readonly|checked|selected|fill|media|aria-(current|selected|pressed|expanded|invalid|sort|disabled)|data-(?!label$).*)$/;
  const NEW = "look";
  const CONTROLS = new Set(["INPUT", "SELECT", "TEXTAREA", "BUTTON"]);
  let found = new Map();

  // FNV-1a, twice with other starts, as one number that JSON keeps exactly.
  const hash = (text) => {
    let low = 0x811c9dc5, high = 0x1234567;
    for (let at = 0; at < text.length; at++) {
      low = Math.imul(low ^ text.charCodeAt(at), 0x01000193);
      high = Math.imul(high ^ text.charCodeAt(at), 0x85ebca6b);
    }
    return (high >>> 11) * 0x100000000 + (low >>> 0);
  };

  const shown = (element) =>
    CONTROLS.has(element.tagName) ||
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());

  // Elements of one kind look alike: the same tags and telling attributes all the way up.
  const kinds = () => {
    found = new Map();
    const above = new Map();
    const kind = (element) => {
      if (element === null) return 0;
      if (!above.has(element)) {
        const said = [...element.attributes].filter((one) => TELLING.test(one.name));
        const words = said.map((one) => `${one.name}=${one.value}`).sort().join(" ");
        above.set(element, hash(`${kind(element.parentElement)} ${element.tagName} ${words}`));
      }
      return above.get(element);
    };
    for (const element of document.body.querySelectorAll("*")) {
      if (!shown(element) || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (!found.has(kind(element))) found.set(kind(element), element);
    }
    return [...found.keys()];
  };

  const told = async (where, options) => {
    const { violations } = await axe.run(where, { ...options, resultTypes: ["violations"], preload: false });
    return violations.flatMap((one) =>
      one.nodes.map((node) => `${one.id} ${node.html.replaceAll(` ${NEW}=""`, "").slice(0, 160)} ${node.failureSummary}`),
    );
  };

  // The rules of colour look at what is marked.
  axe.configure({
    rules: COLOURS.map((id, at) => ({ id, selector: at ? `a[href][${NEW}], [role=link][${NEW}]` : `[${NEW}]` })),
  });

  return {
    // How wide the page is, and what kinds of things stand on it.
    round: () => ({ width: document.documentElement.scrollWidth, kinds: kinds() }),
    // Every rule; those of colour at these kinds of things.
    over: (wanted) => {
      for (const one of wanted) found.get(one).setAttribute(NEW, "");
      return told(document, {});
    },
    // The colours of the same things once more, in another theme.
    again: () => told(document, { runOnly: COLOURS }),
  };
})();

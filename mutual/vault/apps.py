from django.apps import AppConfig
from django.core import checks


class VaultConfig(AppConfig):
    name = "mutual.vault"
    label = "vault"
    verbose_name = "Vault"

    def ready(self) -> None:
        """Have ``check`` and ``migrate`` look at the key file."""
        from mutual.vault import keys

        checks.register(keys.check)

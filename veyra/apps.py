from django.apps import AppConfig


class VeyraConfig(AppConfig):
    name = "veyra"

    def ready(self) -> None:
        from veyra import audit, checks  # noqa: F401  # registers the settings checks

        audit.register()

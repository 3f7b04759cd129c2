"""Any part of a text is looked up by an index on PostgreSQL; SQLite reads through the rows."""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement

# The extension is trusted: whoever may create things in the database may create it.
CREATE = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX {name} ON {table} USING gin (UPPER({column}::text) gin_trgm_ops)
"""


class PartsIndex(models.Index):
    """Of one field of text, for `__icontains` of three characters and more."""

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **kwargs: Any,
    ) -> Statement:
        if schema_editor.connection.vendor != "postgresql":
            return Statement("SELECT 1")
        [field] = self.fields
        quote = schema_editor.quote_name
        column = quote(str(model._meta.get_field(field).column))  # type: ignore[union-attr]  # a field of its own
        sql = CREATE.format(name=quote(self.name), table=quote(model._meta.db_table), column=column)
        return Statement(sql.strip())

    def remove_sql(  # type: ignore[override]  # the stubs say str, Django returns a Statement
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, **kwargs: Any
    ) -> Statement:
        return Statement(f"DROP INDEX IF EXISTS {schema_editor.quote_name(self.name)}")

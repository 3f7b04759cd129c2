"""Words are looked up by an index on PostgreSQL; SQLite reads through the rows."""

from django.db import migrations

CREATE = """
CREATE INDEX turn_stems ON agentworker_turn USING gin (string_to_array(stems, ' '));
CREATE INDEX passage_stems ON agentworker_passage USING gin (string_to_array(stems, ' '))
"""
DROP = "DROP INDEX turn_stems; DROP INDEX passage_stems"


def _on_postgres(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql)

    return run


class Migration(migrations.Migration):
    dependencies = [("agentworker", "0001_initial")]

    operations = [migrations.RunPython(_on_postgres(CREATE), _on_postgres(DROP))]

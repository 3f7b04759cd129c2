"""What a start waits for: static files are compressed, and not for long."""

from pathlib import Path

from veyra.compressing import OurStaticFiles


def test_files_are_compressed_by_gzip_alone(tmp_path: Path) -> None:
    (tmp_path / "page.css").write_text("body { color: red }\n" * 500)
    list(OurStaticFiles(location=tmp_path).compress_files(["page.css"]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.css", "page.css.gz"]

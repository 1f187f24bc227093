"""Files that a command writes: new ones only, for one that exists may hold a morning's work."""

from pathlib import Path

from commands.display import say
from commands.errors import WrongUsage


def write_new(file: Path, content: bytes) -> None:
    """WrongUsage when there is such a file already, or none can be made."""
    try:
        with file.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        raise WrongUsage(
            f"{file} 已存在，请换一个文件名。{file} exists; choose another name."
        ) from None
    except OSError as wrong:
        raise WrongUsage(
            f"无法写入 {file}：{wrong.strerror}。Cannot write {file}: {wrong.strerror}."
        ) from None
    say(f"已写入 Written: {file}")

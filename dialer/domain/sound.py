"""The name of a sound file, as Asterisk is told it: a path or a name in its sounds folder, without the ending."""

from dialer.domain.said import Said

#: No comma (it would begin another variable), no `&` (another file), no `$` and no bracket (an expression), no `..` (another folder).
SOUND_FILE = r"^[A-Za-z0-9_/](?:\.?[A-Za-z0-9_/-]){0,199}$"
SOUND_FILE_WORDS = Said("should be a sound file as Asterisk names it, without its ending, such as custom/sorry")

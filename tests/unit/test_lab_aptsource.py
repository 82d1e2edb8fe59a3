from asterisk.lab.aptsource import AptSource, choose, parse_deb822, parse_one_line, source_line

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEB822 = f"""\
# the main archive
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: {KEYRING}

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: {KEYRING}

Enabled: no
Types: deb
URIs: http://other.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://vendor.example/apt
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""
MAIN = AptSource("http://mirror.example/debian", ("bookworm", "bookworm-updates"), ("main", "contrib"), KEYRING)


def test_deb822_stanzas_are_read_and_disabled_ones_left_out():
    found = parse_deb822(DEB822)
    assert found[0] == MAIN
    assert [s.uri for s in found] == [
        f"http://{u}" for u in ("mirror.example/debian", "mirror.example/debian-security", "vendor.example/apt")
    ]
    assert found[2].signed_by is None, "a key in the stanza is not a path"


def test_one_line_sources_are_read_with_and_without_options():
    text = (
        "# deb http://old.example/debian bookworm main\n"
        "deb http://mirror.example/debian/ bookworm main contrib # ours\n"
        f"deb [arch=amd64 signed-by={KEYRING}] http://mirror.example/d trixie main\n"
        "deb-src http://mirror.example/debian bookworm main\n"
        "deb broken\n"
    )
    assert parse_one_line(text) == [
        AptSource("http://mirror.example/debian/", ("bookworm",), ("main", "contrib")),
        AptSource("http://mirror.example/d", ("trixie",), ("main",), KEYRING),
    ]


def test_the_machines_own_suite_wins_over_another_debian_one():
    other = AptSource("http://mirror.example/debian", ("sid",), ("main",), KEYRING)
    assert choose([other, *parse_deb822(DEB822)], "bookworm") == MAIN
    assert choose([other], "bookworm") == other


def test_vendors_security_and_other_components_are_never_chosen():
    vendor = AptSource("http://vendor.example/linux/debian", ("bookworm",), ("main",), "/etc/apt/keyrings/vendor.gpg")
    security = AptSource("http://mirror.example/debian-security", ("bookworm-security",), ("main",), KEYRING)
    contrib = AptSource("http://mirror.example/debian", ("bookworm",), ("contrib",), KEYRING)
    assert choose([vendor, security, contrib, *parse_deb822(DEB822)[2:]], "bookworm") is None


def test_the_other_suite_keeps_mirror_and_keyring():
    assert source_line(MAIN, "forky") == f"deb [signed-by={KEYRING}] http://mirror.example/debian forky main\n"
    bare = AptSource("http://mirror.example/debian", ("bookworm",), ("main",))
    assert KEYRING in source_line(bare, "sid")

"""Whether the environment has a say in how storage is reached."""

from __future__ import annotations

from collections.abc import Mapping

_CERTIFICATES = frozenset({"requests_ca_bundle", "curl_ca_bundle"})
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def have_a_say(environ: Mapping[str, str], platform: str) -> bool:
    """Whether proxies or certificates are named outside this program, so that each call has to look for them.

    The HTTP library under the SDK looks through the environment and for a `.netrc` at each call, which takes a tenth
    of an append's processor time. Where nothing is named, which is so in Azure, it need not.

    Parameters
    ----------
    platform
        `sys.platform`: macOS and Windows name proxies in places of their own.

    >>> have_a_say({"HTTPS_PROXY": "http://proxy:3128"}, "linux"), have_a_say({"no_proxy": "localhost"}, "linux")
    (True, False)
    """
    if platform in ("darwin", "win32", "cygwin"):
        return True
    return any(value and name.lower() in _PROXIES | _CERTIFICATES for name, value in environ.items())

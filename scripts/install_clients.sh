#!/usr/bin/env bash
# Install the real clients the tests drive, where they are missing and this user may install packages.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v stilts >/dev/null || missing+=(stilts)
command -v wget >/dev/null || missing+=(wget)
command -v aria2c >/dev/null || missing+=(aria2)
command -v bsdtar >/dev/null || missing+=(libarchive-tools)
command -v unzip >/dev/null || missing+=(unzip)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)
# without fc-list nobody can tell whether there is a Chinese font; its package comes with the font then
command -v fc-list >/dev/null || missing+=(fontconfig)
[ -n "$(fc-list :lang=zh 2>/dev/null || true)" ] || missing+=(fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  echo "Installing ${missing[*]}" >&2
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null ||
    echo "Could not install all of ${missing[*]}; tests that need them are skipped" >&2
else
  echo "Some tests will be skipped: install ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
fi

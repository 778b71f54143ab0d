#!/usr/bin/env bash
# Install the real clients the tests drive, where they are missing and this user may install packages.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v stilts >/dev/null || missing+=(stilts)
fc-list :lang=zh 2>/dev/null | grep -q . || missing+=(fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "Some tests will be skipped: install ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
fi

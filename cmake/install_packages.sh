#!/bin/bash
# Installs Debian or Ubuntu packages that are missing, as root or with sudo; does nothing, and needs
# no network, when all are there.
# Usage: cmake/install_packages.sh PACKAGE...
set -euo pipefail

missing=()
for package in "$@"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "deps: all $# packages are installed"
  exit 0
fi
echo "deps: installing with apt-get: ${missing[*]}"
as_root=()
if (($(id -u) != 0)); then
  command -v sudo >/dev/null || {
    echo "deps: not root and no sudo; ask an administrator: apt-get install ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
"${as_root[@]}" apt-get -q update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get -q install --yes --no-install-recommends "${missing[@]}"

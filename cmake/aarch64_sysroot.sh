#!/bin/bash
# Fills FOLDER with the arm64 versions of the libraries that cambium uses, from the package archive
# of this Debian or Ubuntu, without root and without adding an architecture to this system: apt works
# on a package state of its own, and the packages are unpacked, not installed.
# The C and C++ libraries are left out: the cross compiler brings its own.
# Usage: cmake/aarch64_sysroot.sh FOLDER
set -euo pipefail

readonly PACKAGES=(libcli11-dev libfmt-dev libgtest-dev libhwy-dev libpcre2-dev libsqlite3-dev
  libssl-dev libtomlplusplus-dev libzstd-dev nlohmann-json3-dev zlib1g-dev)
readonly COMPILER_PACKAGES='^(libc6|libc-|libc-dev|libcrypt|linux-libc|libgcc|libstdc|gcc-|libnsl|libtirpc|rpcsvc|libgssapi|libk|libcom-err|libnss)'

folder=$(mkdir -p "$1" && cd "$1" && pwd)
stamp=$folder/.complete
if [[ -f $stamp && "$(<"$stamp")" == "${PACKAGES[*]}" ]]; then
  exit 0
fi
rm -rf "$folder"
state=$folder/.apt
mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
: >"$state/status"
apt=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Debug::NoLocking=1
  -o "Dir::State=$state" -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status"
  -o "Dir::Cache=$state/cache" -o APT::Sandbox::User=)

# shellcheck source=/dev/null
. /etc/os-release
if [[ $ID == ubuntu && $(dpkg --print-architecture) != arm64 ]]; then
  # Ubuntu keeps arm64 in another archive than amd64.
  keys=/usr/share/keyrings/ubuntu-archive-keyring.gpg
  for suite in "$VERSION_CODENAME" "$VERSION_CODENAME-updates"; do
    echo "deb [signed-by=$keys] http://ports.ubuntu.com/ubuntu-ports $suite main universe"
  done >"$state/sources.list"
  apt+=(-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null)
fi

echo "aarch64: downloading the arm64 libraries into $folder"
"${apt[@]}" update >"$state/log" 2>&1 || { cat "$state/log" >&2; exit 1; }
"${apt[@]}" install --download-only --yes --no-install-recommends "${PACKAGES[@]}" \
  >"$state/log" 2>&1 || { cat "$state/log" >&2; exit 1; }
for package in "$state"/cache/archives/*.deb; do
  [[ $(basename "$package") =~ $COMPILER_PACKAGES ]] || dpkg -x "$package" "$folder"
done
rm -rf "$state"
echo "${PACKAGES[*]}" >"$stamp"

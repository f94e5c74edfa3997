# shellcheck shell=bash
# Packages of other Debian suites, without touching the machine's own package set-up: the lists are private, and the
# mirror is the one this machine uses. To be sourced; the caller defines cannot MESSAGE, which does not return.

# debian_open WORK SUITE...: package lists of these suites, under the folder WORK. A mirror that carries this release
# carries the others. debian_architecture, where it is set: of that one.
debian_open() {
  local work=$1 code site keyring signed suite tool
  shift
  for tool in apt-get apt-cache dpkg-deb; do
    command -v "$tool" > /dev/null || cannot "there is no $tool here; the packages are Debian's"
  done
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  code=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  site=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2> /dev/null |
    awk -v code="$code" '$3 == "main" && ($2 == code || $2 == "stable") { print $1; exit }')
  [[ -n $site ]] || cannot "apt knows no Debian mirror here (release '$code')"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [[ -r $keyring ]] && signed="[signed-by=$keyring] " || signed=
  for suite in "$@"; do
    echo "deb $signed$site $suite main"
  done > "$work/sources.list"
  debian_apt=(-o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=
    -o "APT::Architecture=${debian_architecture:-$(dpkg --print-architecture)}"
    -o Acquire::Retries=5 -o Acquire::http::Timeout=30)  # a mirror that fails once is asked again
  if ! apt-get "${debian_apt[@]}" -q update > "$work/log" 2>&1 || grep -q '^[EW]: ' "$work/log"; then
    cannot "no package lists of $*: $(grep -m1 '^[EW]: ' "$work/log" || tail -1 "$work/log")"
  fi
}

# debian_download WORK PACKAGE SUITE: the .deb into WORK.
debian_download() {
  local work=$1 name=$2 suite=$3
  apt-cache "${debian_apt[@]}" show "$name/$suite" > "$work/log" 2>&1 || cannot "$suite has no package $name (any more)"
  (cd "$work" && apt-get "${debian_apt[@]}" -q download "$name/$suite" > "$work/log" 2>&1) ||
    cannot "could not download $name from $suite: $(tail -1 "$work/log")"
}

# debian_list SUITE REGEX: the names of the suite's packages that match, one a line.
debian_list() {
  apt-cache "${debian_apt[@]}" pkgnames | grep -E "$2" | sort -V
}

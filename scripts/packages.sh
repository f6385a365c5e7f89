# Shared by the install scripts: which Debian packages are missing, and how to get them.
source scripts/retry.sh

# Prints those of the named packages that are not installed, one a line. dpkg is asked first, and only dpkg: where
# all is there, an install script needs neither the network nor root.
missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$package"
    done
}

# Installs the missing ones of the named packages, without what they merely recommend.
install_packages() {
    local missing=() elevate=()
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]} == 0)); then
        return 0
    fi
    if ! command -v apt-get >/dev/null; then
        echo "$0: these packages are missing and there is no apt-get to install them with: ${missing[*]}" >&2
        echo "$0: the build is made for Debian 12; elsewhere install what corresponds and try again." >&2
        return 1
    fi
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "$0: not root, and there is no sudo. Run as root, then try again:" >&2
            echo "    apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
            return 1
        fi
        elevate=(sudo)
    fi
    echo "installing: ${missing[*]}" >&2
    # Another apt (a timer's, on a fresh machine) may hold the lock.
    local apt=(apt-get -qq -o DPkg::Lock::Timeout=300)
    retry "${elevate[@]}" "${apt[@]}" update >&2
    retry "${elevate[@]}" env DEBIAN_FRONTEND=noninteractive \
        "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >&2
}

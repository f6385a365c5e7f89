# Shared by the install scripts: what asks the network is asked again, for a mirror may be away for a moment.

# retry COMMAND... runs it up to three times; its outcome is that of the last.
retry() {
    local attempt
    for attempt in 1 2 3; do
        if "$@"; then
            return 0
        fi
        if ((attempt < 3)); then
            echo "$0: failed, once more in $((attempt * 10)) s: $*" >&2
            sleep $((attempt * 10))
        fi
    done
    return 1
}

import ArgumentParser

/// `mediactl quarantine`: sources that have cost workers, and get no other one.
struct Quarantine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List and clear the sources that no worker gets any more, since they have cost two.",
        discussion: "A source that makes its worker crash, or that a worker cannot be stopped at, is known by the "
            + "digest of its bytes from then on; twice, and whoever sends it is answered 422 at once. Damaged blobs "
            + "that were put aside are another thing: 'fsck' and 'scrub' tell of those.",
        subcommands: [QuarantineList.self, QuarantineClear.self]
    )
}

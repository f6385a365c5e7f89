import ArgumentParser

/// `mediactl keys`: the keys that blobs are sealed under.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, rotate, rewrap and retire the keys that blobs are sealed under.",
        discussion: "A root key wraps envelope keys, an envelope key wraps the data keys of blobs. docs/OPERATIONS.md "
            + "says which command is for which day.",
        subcommands: [KeysList.self, KeysRotate.self, KeysRewrap.self, KeysRetire.self]
    )
}

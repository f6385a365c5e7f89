import ArgumentParser

/// `mediactl keys list`: the envelope keys and what needs them.
struct KeysList: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the envelope keys, newest first: what each is for, and how many blobs need it.",
        discussion: "'current' seals new blobs, 'needed' opens old ones, 'retirable' can go, 'stray' is in the mirror "
            + "only. Where the key provider does not answer, that is a finding and the exit code is 3."
    )
    static let operations = ["keys-list"]
    static let columns = [
        OperationText.Column("KEY", "id"), OperationText.Column("STATE", "state"),
        OperationText.Column("TENANT", "tenant"), OperationText.Column("MADE", "createdAt"),
        OperationText.Column("BLOBS", "blobs"), OperationText.Column("ROOT KEY", "rootKey"),
    ]

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("keys-list") }
}

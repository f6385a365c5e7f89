import ArgumentParser

/// `mediactl purges list`: what targets were not told yet, and why.
struct PurgesList: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what waits, the oldest change first, with what the target said last.",
        discussion: "'sent' are deletions that the target knows of and is told once more half a minute later "
            + "(purge.rebound), for what it was just fetching."
    )
    static let operations = ["purges-list"]
    static let columns = [
        OperationText.Column("ID", "id"), OperationText.Column("TARGET", "target"),
        OperationText.Column("ASSET", "asset"), OperationText.Column("CHANGE", "change"),
        OperationText.Column("STATE", "state"), OperationText.Column("AGE (s)", "ageSeconds"),
        OperationText.Column("FAILURES", "failures"), OperationText.Column("NEXT", "dueAt"),
        OperationText.Column("ERROR", "error"),
    ]

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("purges-list") }
}

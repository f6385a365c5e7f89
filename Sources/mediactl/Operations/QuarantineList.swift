import ArgumentParser

/// `mediactl quarantine list`: which sources have cost workers.
struct QuarantineList: OperationVerb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the sources that have cost workers, the newest first.",
        discussion: "'quarantined' gets no worker any more; 'watched' has cost one, which is forgotten after a day."
    )
    static let operations = ["quarantine-list"]
    static let columns = [
        OperationText.Column("SHA-256", "sha256"), OperationText.Column("STATE", "state"),
        OperationText.Column("STRIKES", "strikes"), OperationText.Column("FIRST", "firstAt"),
        OperationText.Column("LAST", "lastAt"), OperationText.Column("REASON", "reason"),
    ]

    @OptionGroup var common: OperationOptions

    var request: OperationRequest { OperationRequest("quarantine-list") }
}

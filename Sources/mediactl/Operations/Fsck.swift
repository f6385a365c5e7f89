import ArgumentParser

/// `mediactl fsck`: whether everything that is promised is there and sound.
struct Fsck: OperationVerb {
    static let configuration = CommandConfiguration(
        abstract: "Check that the catalog, the keys and every blob are sound; the exit code is 3 where they are not.",
        discussion: "Reads and verifies every byte that is stored. With --repair it makes damaged renditions anew, "
            + "puts sums right and removes what nothing names; a damaged source cannot be repaired and stays as it is. "
            + "With --rebuild it makes a new catalog from the headers of the blobs alone, for a data folder whose "
            + "catalog is lost; the service must not run then."
    )
    static let operations = ["fsck", "rebuild"]

    @Flag(help: "Put right what can be put right.")
    var repair = false

    @Flag(help: "Look at sizes and headers only, not at every byte.")
    var quick = false

    @Option(
        help: ArgumentHelp(
            "Tell of unnamed blobs of this age and older; a younger one may be of an upload that runs (default: 1h).",
            valueName: "time"
        )
    )
    var orphanAge: String?

    @Flag(help: "Make a new catalog from the blobs; there must be none.")
    var rebuild = false

    @Option(
        help: ArgumentHelp(
            "With --rebuild: a back-up, whose data keys are used for blobs that were rewrapped.",
            valueName: "backup-dir"
        ),
        completion: .directory
    )
    var wraps: String?

    @OptionGroup var common: OperationOptions

    func validate() throws {
        if self.rebuild, self.repair || self.quick || self.orphanAge != nil {
            throw ValidationError("--rebuild makes a new catalog; the other options are for the one there is")
        }
        if self.wraps != nil, !self.rebuild { throw ValidationError("--wraps goes with --rebuild") }
    }

    var request: OperationRequest {
        if self.rebuild {
            return OperationRequest("rebuild", values: ["wraps": self.wraps.map(OperationPath.absolute)])
        }
        return OperationRequest(
            "fsck",
            flags: ["repair": self.repair, "quick": self.quick],
            values: ["orphan-age": self.orphanAge]
        )
    }
}

import CSandbox

/// What a worker may take, handed to it by the pool as its one argument, and what it gives up.
package struct WorkerLimits: Sendable, Hashable {
    /// Descriptors that a worker may have open: its own four, a picture, a result and what the codecs' threads need.
    package static let descriptorsMax = 64
    private static let key = "address-space-bytes-max="

    /// Bytes of address space, the program itself included; 0 is no limit (a sanitizer reserves terabytes).
    package let addressSpaceBytesMax: Int

    package init(addressSpaceBytesMax: Int) { self.addressSpaceBytesMax = addressSpaceBytesMax }

    /// - Parameter arguments: the worker's, its name first; nil when they are not what the pool passes.
    package init?(arguments: [String]) {
        guard arguments.count == 2, arguments[1].hasPrefix(Self.key),
            let bytes = Int(arguments[1].dropFirst(Self.key.count)), bytes >= 0
        else { return nil }
        self.init(addressSpaceBytesMax: bytes)
    }

    var argument: String { "\(Self.key)\(self.addressSpaceBytesMax)" }

    /// Takes effect for the whole process and cannot be undone.
    func apply() throws {
        let limited = csandbox_limit(UInt64(self.addressSpaceBytesMax), UInt64(Self.descriptorsMax))
        if limited != 0 { throw WorkerFailure(call: "setrlimit", result: Int(limited)) }
        let givenUp = csandbox_give_up_privileges()
        if givenUp != 0 { throw WorkerFailure(call: "prctl", result: Int(givenUp)) }
    }
}

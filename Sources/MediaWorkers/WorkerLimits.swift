import CSandbox

/// What a worker may take, handed to it by the pool as its arguments, and what it gives up.
package struct WorkerLimits: Sendable, Hashable {
    /// Descriptors that a worker may have open: its own four, a picture, a result and what the codecs' threads need.
    package static let descriptorsMax = 64
    /// Codecs take all the processors that they can get; whoever answers clients needs one for a moment, at once. At
    /// this level (nice(2)) a worker gets a tenth of what the service gets where both want it, and all that is left.
    package static let niceLevel = 10
    private static let key = "address-space-bytes-max="
    private static let parentKey = "parent="

    /// Bytes of address space, the program itself included; 0 is no limit (a sanitizer reserves terabytes).
    package let addressSpaceBytesMax: Int

    /// The process that starts the worker and without which it must not live.
    package let parent: Int32

    package init(addressSpaceBytesMax: Int, parent: Int32) {
        self.addressSpaceBytesMax = addressSpaceBytesMax
        self.parent = parent
    }

    /// - Parameter arguments: the worker's, its name first; nil when they are not what the pool passes.
    package init?(arguments: [String]) {
        guard arguments.count == 3, arguments[1].hasPrefix(Self.key), arguments[2].hasPrefix(Self.parentKey),
            let bytes = Int(arguments[1].dropFirst(Self.key.count)), bytes >= 0,
            let parent = Int32(arguments[2].dropFirst(Self.parentKey.count)), parent >= 1
        else { return nil }
        self.init(addressSpaceBytesMax: bytes, parent: parent)
    }

    /// Without the worker's name.
    var arguments: [String] { ["\(Self.key)\(self.addressSpaceBytesMax)", "\(Self.parentKey)\(self.parent)"] }

    /// Takes effect for the whole process and cannot be undone.
    func apply() throws {
        let gaveWay = csandbox_give_way(CInt(Self.niceLevel))
        if gaveWay != 0 { throw WorkerFailure(call: "setpriority", result: Int(gaveWay)) }
        let limited = csandbox_limit(UInt64(self.addressSpaceBytesMax), UInt64(Self.descriptorsMax))
        if limited != 0 { throw WorkerFailure(call: "setrlimit", result: Int(limited)) }
        let givenUp = csandbox_give_up_privileges(self.parent)
        if givenUp != 0 { throw WorkerFailure(call: "prctl", result: Int(givenUp)) }
    }
}

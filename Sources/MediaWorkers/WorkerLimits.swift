import CSandbox
package import MediaModel

/// What a worker may take, handed to it by the pool as its arguments, and what it gives up.
package struct WorkerLimits: Sendable, Hashable {
    /// Descriptors that a worker may have open: its own four, a picture, a result and what the codecs' threads need.
    package static let descriptorsMax = 64
    /// Codecs take all the processors that they can get; whoever answers clients needs one for a moment, at once. At
    /// this level (nice(2)) a worker gets a tenth of what the service gets where both want it, and all that is left;
    /// much less, and a machine that is busy with other things would starve pictures past their deadline.
    package static let niceLevel = 10
    /// The longest slices that Linux gives, so that the service is let on to the processor whenever it wakes.
    static let sliceNanoseconds: UInt64 = 100_000_000

    /// Bytes of address space, the program itself included; 0 is no limit (a sanitizer reserves terabytes).
    package let addressSpaceBytesMax: Int

    /// Seconds of processor time of the process' whole life, all threads together; 0 is no limit. A last net: it is the
    /// pool that keeps deadlines, but an idle worker has none.
    package let cpuSecondsMax: Int

    /// The pieces of the sandbox without which the worker may serve where the kernel does not have them.
    package let mayLack: Set<SandboxPiece>

    /// The process that starts the worker and without which it must not live.
    package let parent: Int32

    package init(
        addressSpaceBytesMax: Int,
        cpuSecondsMax: Int = 0,
        mayLack: Set<SandboxPiece> = [],
        parent: Int32
    ) {
        self.addressSpaceBytesMax = addressSpaceBytesMax
        self.cpuSecondsMax = cpuSecondsMax
        self.mayLack = mayLack
        self.parent = parent
    }

    /// - Parameter arguments: the worker's, its name first; nil when they are not what the pool passes.
    package init?(arguments: [String]) {
        let names = ["address-space-bytes-max=", "cpu-seconds-max=", "may-lack=", "parent="]
        guard arguments.count == 1 + names.count else { return nil }
        let given = zip(names, arguments.dropFirst()).compactMap { name, argument in
            argument.hasPrefix(name) ? String(argument.dropFirst(name.count)) : nil
        }
        guard given.count == names.count,
            let bytes = Int(given[0]), bytes >= 0,
            let seconds = Int(given[1]), seconds >= 0,
            let parent = Int32(given[3]), parent >= 1
        else { return nil }
        let pieces = given[2].split(separator: ",").map { SandboxPiece(rawValue: String($0)) }
        guard !pieces.contains(nil) else { return nil }
        self.init(
            addressSpaceBytesMax: bytes,
            cpuSecondsMax: seconds,
            mayLack: Set(pieces.compactMap { $0 }),
            parent: parent
        )
    }

    /// Without the worker's name.
    var arguments: [String] {
        [
            "address-space-bytes-max=\(self.addressSpaceBytesMax)",
            "cpu-seconds-max=\(self.cpuSecondsMax)",
            "may-lack=\(self.mayLack.sorted().map(\.rawValue).joined(separator: ","))",
            "parent=\(self.parent)",
        ]
    }

    /// Has whoever answers clients go first. Linux does this thread by thread, and a thread that is there already stays
    /// as it is: it comes before the engine, whose threads render.
    package static func giveWay() throws {
        let gaveWay = csandbox_give_way(CInt(Self.niceLevel))
        if gaveWay != 0 { throw WorkerFailure(call: "setpriority", result: Int(gaveWay)) }
        csandbox_run_in_slices(Self.sliceNanoseconds)
    }

    /// Takes effect for the whole process and cannot be undone.
    func apply() throws {
        let limited = csandbox_limit(
            UInt64(self.addressSpaceBytesMax),
            UInt64(Self.descriptorsMax),
            UInt64(self.cpuSecondsMax)
        )
        if limited != 0 { throw WorkerFailure(call: "setrlimit", result: Int(limited)) }
        let givenUp = csandbox_give_up_privileges(self.parent)
        if givenUp != 0 { throw WorkerFailure(call: "prctl", result: Int(givenUp)) }
    }
}

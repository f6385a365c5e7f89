import CSandbox
import Glibc

/// One end of the socket between the pool and a worker.
package struct WireSocket: Sendable {
    /// A received message.
    package struct Datagram: Sendable {
        package let bytes: [UInt8]
        package let descriptor: Descriptor?
    }

    private let descriptor: Descriptor

    package init(owning descriptor: Descriptor) { self.descriptor = descriptor }

    /// The descriptor at which a worker finds its end.
    package static let workersNumber = Int32(csandbox_child_socket)

    /// Whether this process was started by a pool: whether descriptor 3 is such a socket. Ask before anything else
    /// opens a descriptor.
    package static var isGivenToThisProcess: Bool { csandbox_is_packet_socket(Self.workersNumber) == 1 }

    /// Takes over descriptor 3, where the pool puts a worker's end. Call it once.
    ///
    /// It stays open until the process is gone: the pool kills a worker whose socket ends, and would then read its own
    /// signal as the worker's status.
    package static func workersEnd() -> WireSocket {
        let descriptor = Descriptor(owning: Self.workersNumber)
        _ = Unmanaged.passRetained(descriptor)
        return WireSocket(owning: descriptor)
    }

    /// Sends one datagram without waiting.
    ///
    /// - Throws: ``WorkerFailure``: `.crash` when the peer is gone, `.protocol` when it does not read.
    package func send(_ bytes: [UInt8], memory: SealedMemory? = nil) throws {
        let result = bytes.withUnsafeBytes { buffer in
            csandbox_send(self.descriptor.raw, buffer.baseAddress, buffer.count, memory?.descriptor.raw ?? -1)
        }
        // `memory` must outlive the call, and its last use is the number above.
        withExtendedLifetime(memory) {}
        if result < 0 { throw Self.failure("sendmsg", Int(result)) }
    }

    /// Waits for one datagram; nil when the peer has closed its end.
    ///
    /// - Throws: ``WorkerFailure``: `.protocol` for a datagram that is too long or brings more than one descriptor.
    package func receive() throws -> Datagram? {
        var passed: Int32 = -1
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: WireProtocol.datagramBytesMax) { buffer, count in
            result = csandbox_receive(self.descriptor.raw, buffer.baseAddress, buffer.count, &passed)
            count = max(0, result)
        }
        let descriptor = passed >= 0 ? Descriptor(owning: passed) : nil
        if result < 0 { throw Self.failure("recvmsg", result) }
        return result == 0 ? nil : Datagram(bytes: bytes, descriptor: descriptor)
    }

    /// One datagram, or nil when none has come until then.
    ///
    /// - Throws: as ``receive()``; `.crash` when the peer has closed its end.
    func receive(until deadline: ContinuousClock.Instant) throws -> Datagram? {
        guard try self.waitReadable(until: deadline) else { return nil }
        guard let datagram = try self.receive() else { throw WorkerFailure(.crash, "the socket was closed") }
        return datagram
    }

    /// Waits until there is something to receive or the peer is gone; false when `deadline` passes first.
    func waitReadable(until deadline: ContinuousClock.Instant) throws -> Bool {
        while true {
            let left = max(.zero, ContinuousClock.now.duration(to: deadline))
            // One more than the whole milliseconds that are left, lest the last one is spent spinning.
            let milliseconds = Int32(clamping: left.components.seconds * 1000 + left.milliseconds + 1)
            let result = csandbox_wait_readable(self.descriptor.raw, left == .zero ? 0 : milliseconds)
            if result > 0 { return true }
            if result == 0, left == .zero { return false }
            if result < 0, -result != EINTR { throw Self.failure("poll", Int(result)) }
        }
    }

    /// Ends the conversation for both sides at once, whoever is waiting; the descriptor stays ours until the last
    /// reference goes, so that its number cannot be given away under a thread that polls it.
    func hangUp() { _ = shutdown(self.descriptor.raw, Int32(SHUT_RDWR)) }

    private static func failure(_ call: String, _ result: Int) -> WorkerFailure {
        switch Int32(-result) {
        case EPIPE, ECONNRESET, ENOTCONN: WorkerFailure(.crash, "the other end is gone")
        case EMSGSIZE: WorkerFailure(.protocol, "a datagram over \(WireProtocol.datagramBytesMax) bytes")
        case EPROTO: WorkerFailure(.protocol, "a datagram with more than one descriptor")
        case EAGAIN: WorkerFailure(.protocol, "the other end does not read")
        default: WorkerFailure(call: call, result: result)
        }
    }
}

extension Duration {
    /// The whole milliseconds of the part below a second.
    fileprivate var milliseconds: Int64 { self.components.attoseconds / 1_000_000_000_000_000 }
}

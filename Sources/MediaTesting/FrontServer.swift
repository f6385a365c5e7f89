import FoundationEssentials
import Glibc

/// A server of Debian's that stands before an origin, with the project's own configuration.
///
/// When the last reference goes it is killed.
package final class FrontServer: Sendable {
    /// What cannot be had of the project's configuration.
    struct Unfit: Error, CustomStringConvertible {
        let description: String
    }

    /// From the start until it takes connections; Varnish compiles its configuration before.
    private static let startTimeout = Patience.timeMax

    /// Where it listens for readers, on 127.0.0.1.
    package let port: Int
    private let process: ChildProcess

    /// Starts it and waits until it takes connections.
    ///
    /// - Throws: ``ChildProcess/Failure`` with what it said.
    init(_ program: String, _ arguments: [String], port: Int) async throws {
        self.port = port
        self.process = try ChildProcess(program, arguments)
        let start = ContinuousClock.now
        while self.process.exit == nil, ContinuousClock.now - start < Self.startTimeout {
            if (try? await RawConnection.connect(port: port)) != nil { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        let said = String(decoding: self.process.stderr.suffix(4000), as: UTF8.self)
        throw ChildProcess.Failure(description: "\(program) does not listen; it said: \(said)")
    }

    /// A port that nobody listens on now: an origin has to know where it purges before there is a cache.
    package static func freePort() throws -> Int { try CannedServer([.hangUp]).port }

    /// SIGKILL to all of its processes.
    func kill() async throws {
        self.process.sendToGroup(signal: SIGKILL)
        _ = try await self.process.exit(within: .seconds(10))
        let isGone = try await comesAbout { (try? await RawConnection.connect(port: self.port)) == nil }
        guard isGone else { throw ChildProcess.Failure(description: "somebody still listens on \(self.port)") }
    }

    /// The project's configuration with parts of it replaced, each of which must be there.
    ///
    /// - Parameter path: below `cdn`.
    static func configuration(_ path: String, _ parts: [(String, String)]) throws -> String {
        let source = SharedData.checkout.appending(path: "cdn/\(path)")
        return try parts.reduce(String(contentsOf: source, encoding: .utf8)) { text, part in
            guard text.contains(part.0) else { throw Unfit(description: "cdn/\(path) has no '\(part.0)'") }
            return text.replacing(part.0, with: part.1)
        }
    }
}

/// A cache that readers pull through.
package protocol FrontCache: Sendable {
    /// What it calls itself in `Cache-Status`.
    static var name: String { get }
    /// Where it listens for readers, on 127.0.0.1.
    var port: Int { get }
}

extension FrontCache {
    /// A new connection to it.
    ///
    /// - Parameter source: the address to come from, as another machine would.
    package func connect(from source: String? = nil) async throws -> RawConnection {
        try await RawConnection.connect(port: self.port, from: source)
    }
}

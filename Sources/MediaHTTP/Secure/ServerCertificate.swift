package import Logging
import Metrics
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The certificate that new connections get. Those that are open keep theirs.
package final class ServerCertificate: Sendable {
    private let files: CertificateFiles
    private let current: Mutex<NIOSSLContext>
    /// Of the files that were last tried, whether they could be used or not.
    private let tried: Mutex<CertificateFiles.Stamp?>

    /// Reads the files.
    ///
    /// - Throws: ``CertificateError``.
    package init(_ files: CertificateFiles) throws {
        self.files = files
        // Before they are read: what changes meanwhile is read again.
        self.tried = Mutex(files.stamp)
        let loaded = try files.load()
        self.current = Mutex(loaded.context)
        Self.noteExpiry(loaded.notAfterSeconds)
    }

    var context: NIOSSLContext { self.current.withLock { $0 } }

    /// Reads the files anew. Where they cannot be used, the log says why, and the certificate stays what it was.
    ///
    /// - Parameter onlyIfChanged: not where they are those that were tried last.
    package func reload(onlyIfChanged: Bool, logger: Logger) async {
        let result = try? await NIOThreadPool.singleton.runIfActive { self.load(onlyIfChanged: onlyIfChanged) }
        switch result {
        case nil: break
        case .unchanged: break
        case .loaded(let notAfterSeconds):
            Self.count("loaded")
            let expiry = HTTPDates.format(unixSeconds: notAfterSeconds)
            logger.notice("Certificate loaded", metadata: ["expires": "\(expiry)"])
        case .failed(let error):
            Self.count("failed")
            logger.error("Certificate not loaded; the one before stays in use", metadata: ["error": "\(error)"])
        }
    }

    private enum Outcome: Sendable {
        case unchanged
        case loaded(notAfterSeconds: Int)
        case failed(any Error)
    }

    private func load(onlyIfChanged: Bool) -> Outcome {
        let stamp = self.files.stamp
        let isChanged = self.tried.withLock { tried in
            defer { tried = stamp }
            return stamp != tried
        }
        guard isChanged || !onlyIfChanged else { return .unchanged }
        do {
            let loaded = try self.files.load()
            self.current.withLock { $0 = loaded.context }
            Self.noteExpiry(loaded.notAfterSeconds)
            return .loaded(notAfterSeconds: loaded.notAfterSeconds)
        } catch {
            return .failed(error)
        }
    }

    private static func noteExpiry(_ seconds: Int) {
        Gauge(label: "tls_certificate_expiry_timestamp_seconds").record(seconds)
    }

    private static func count(_ outcome: String) {
        Counter(label: "tls_certificate_reloads_total", dimensions: [("outcome", outcome)]).increment()
    }
}

/// Looks from time to time whether the files of a certificate have changed, for who renews it and tells nobody.
package struct CertificateWatch: Service {
    private let certificate: ServerCertificate
    private let interval: Duration
    private let logger: Logger

    /// - Parameter interval: from one look to the next.
    package init(_ certificate: ServerCertificate, interval: Duration = .seconds(10), logger: Logger) {
        self.certificate = certificate
        self.interval = interval
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: self.interval)
                await self.certificate.reload(onlyIfChanged: true, logger: self.logger)
            }
        }
    }
}

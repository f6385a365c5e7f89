import Logging
import MediaHTTP
import ServiceLifecycle
import UnixSignals

/// Has the certificate read anew on SIGHUP, which is what `systemctl reload` and certbot's deploy hooks send.
struct CertificateSignal: Service {
    private let certificate: ServerCertificate
    private let logger: Logger

    init(_ certificate: ServerCertificate, logger: Logger) {
        self.certificate = certificate
        self.logger = logger
    }

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await self.certificate.reload(onlyIfChanged: false, logger: self.logger)
        }
    }
}

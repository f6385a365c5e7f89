package import FoundationEssentials

/// The test data that lies beside the checkout (`../shared`): photographs, the corpus, vectors. Never part of the
/// repository.
package enum SharedData {
    /// Why a test that needs it is skipped.
    package static let reason = "needs ../shared beside the checkout (or MEDIA_SHARED_DIR)"

    /// The root of the checkout, found from this file.
    package static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    package static let folder: URL = {
        if let override = ProcessInfo.processInfo.environment["MEDIA_SHARED_DIR"] { return URL(filePath: override) }
        return Self.checkout.deletingLastPathComponent().appending(path: "shared")
    }()

    package static var isPresent: Bool { FileManager.default.fileExists(atPath: Self.folder.path) }

    /// The bytes of a file below ``folder``.
    package static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Self.folder.appending(path: path)))
    }
}

/// The project's own small pictures (`fixtures/pictures`, made by `fixtures/make_pictures.py`).
package enum Fixtures {
    package static let folder = SharedData.checkout.appending(path: "fixtures")

    package static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Self.folder.appending(path: path)))
    }
}

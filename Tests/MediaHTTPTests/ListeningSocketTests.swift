import FoundationEssentials
import Glibc
import MediaTesting
import Testing

@testable import MediaHTTP

@Suite struct ListeningSocketTests {
    @Test func onlyItsUserMayConnect() throws {
        let folder = try TemporaryFolder()
        let descriptor = try ListeningSocket.bind(folder.path("control.sock"))
        defer { close(descriptor) }
        var status = stat()
        #expect(lstat(folder.path("control.sock"), &status) == 0)
        #expect(status.st_mode == S_IFSOCK | 0o600)
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func aSocketThatNobodyAnswersOnIsReplaced() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("control.sock")
        close(try ListeningSocket.bind(path))
        #expect(access(path, F_OK) == 0, "the name outlives its service")
        let descriptor = try ListeningSocket.bind(path)
        defer { close(descriptor) }
        #expect(listen(descriptor, 1) == 0)
        let error = #expect(throws: ControlSocketError.self) { try ListeningSocket.bind(path) }
        #expect(error?.description == "\(path): another process answers there")
        ListeningSocket.unlink(path)
        #expect(access(path, F_OK) != 0)
    }

    /// Even while as many connections wait as may.
    @Test func aBusySocketIsAnsweredOn() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("control.sock")
        let descriptor = try ListeningSocket.bind(path)
        defer { close(descriptor) }
        #expect(listen(descriptor, 0) == 0)
        for _ in 0..<5 { #expect(throws: ControlSocketError.self) { try ListeningSocket.bind(path) } }
        #expect(access(path, F_OK) == 0)
    }

    @Test func whatIsNoSocketIsLeftAlone() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("control.sock")
        try Data("precious".utf8).write(to: URL(filePath: path))
        #expect(throws: ControlSocketError.self) { try ListeningSocket.bind(path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
        let link = folder.path("link.sock")
        #expect(symlink(path, link) == 0)
        #expect(throws: ControlSocketError.self) { try ListeningSocket.bind(link) }
    }

    @Test func aPathThatIsTooLongIsSaid() throws {
        let folder = try TemporaryFolder()
        let room = 103 - folder.path.utf8.count - 1
        let longest = folder.path(String(repeating: "s", count: room))
        close(try ListeningSocket.bind(longest))
        let error = #expect(throws: ControlSocketError.self) { try ListeningSocket.bind(longest + "s") }
        #expect(error?.description.contains("104 bytes") == true)
        #expect(error?.description.contains("set control.socket") == true)
        #expect(throws: ControlSocketError.self) { try ListeningSocket.bind("") }
        #expect(throws: ControlSocketError.self) { try ListeningSocket.bind(folder.path("no/such/folder.sock")) }
    }
}

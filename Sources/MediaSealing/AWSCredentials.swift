/// Who calls AWS. Nothing that prints it shows more than the access key's id.
///
/// The strings are ordinary ones: whatever read them from a file or from the environment has left copies already, so
/// they are neither locked nor wiped. Core dumps are off for the whole process.
package struct AWSCredentials: Sendable, Hashable {
    /// For example `AKIAIOSFODNN7EXAMPLE`.
    package let accessKeyID: String
    package let secretAccessKey: String
    /// With temporary credentials; it ends when they do.
    package let sessionToken: String?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "AWS access key \(self.accessKeyID)" }
    package var debugDescription: String { self.description }
    /// What `dump` and failed expectations of tests go by.
    package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": self.accessKeyID]) }
}

package import MediaModel

// Tests write keys' names as they are; a name that is none is a mistake of the test.

extension EnvelopeKeyID: ExpressibleByStringInterpolation {
    package init(stringLiteral name: String) {
        guard let id = EnvelopeKeyID(name) else { preconditionFailure("'\(name)' is no envelope key's name") }
        self = id
    }
}

extension RootKeyID: ExpressibleByStringInterpolation {
    package init(stringLiteral name: String) {
        guard let id = RootKeyID(name) else { preconditionFailure("'\(name)' is no root key's name") }
        self = id
    }
}

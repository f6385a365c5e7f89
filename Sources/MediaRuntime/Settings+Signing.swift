package import MediaModel
import MediaSealing

extension Settings {
    /// What signs recipes and knows them again, its secrets read; nil where there is no key.
    ///
    /// - Throws: ``SettingsError`` where a file cannot be read, or what is in it is too short for a secret.
    package func recipeSigner() throws(SettingsError) -> RecipeSigner? {
        guard let texts = self.recipes.signingKeys else { return nil }
        var keys: [RecipeSigner.Key] = []
        for text in texts {
            let secret = try Self.secret(of: text)
            keys.append(RecipeSigner.Key(id: text.id, signing: MessageAuthenticator(key: Array(secret.utf8))))
        }
        return RecipeSigner(keys: keys, isEqual: constantTimeEqual)
    }

    private static func secret(of text: SigningKeyText) throws(SettingsError) -> String {
        let secret: String
        do throws(SecretFileError) {
            secret = try SecretFile.read(text.path)
        } catch {
            throw Self.error(text, error.description)
        }
        guard secret.utf8.count >= Self.signingSecretBytesMin else {
            throw Self.error(
                text,
                "expected at least \(Self.signingSecretBytesMin) characters in it, as 'openssl rand -hex 32' prints"
            )
        }
        return secret
    }

    private static func error(_ text: SigningKeyText, _ what: String) -> SettingsError {
        let description = "url.signing.keys: the file of '\(text.id)' is '\(Printable.text(text.path))': \(what)"
        return SettingsError(problems: [.conflict("url.signing.keys", description)])
    }
}

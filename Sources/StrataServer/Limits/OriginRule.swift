import Foundation

/// Who may call a server that asks for no keys: programs of this machine, and pages that come from it. Otherwise any page
/// that somebody opens in a browser could call it, and run code through it.
enum OriginRule {
    /// - Parameters:
    ///   - origin: the header `Origin`, which browsers send and pages cannot change.
    ///   - host: the header `Host`: a foreign name that leads here is a page's trick (DNS rebinding).
    static func allows(origin: String?, host: String?) -> Bool {
        if let host, !isLoopback(name(host[...])) { return false }
        guard let origin else { return true }
        guard let scheme = origin.range(of: "://") else { return false }
        return isLoopback(name(origin[scheme.upperBound...]))
    }

    static func isLoopback(_ host: Substring) -> Bool {
        if host == "localhost" || host == "::1" || host.hasSuffix(".localhost") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Without port and brackets.
    private static func name(_ authority: Substring) -> Substring {
        if authority.first == "[" { return authority.dropFirst().prefix { $0 != "]" } }
        return authority.prefix { $0 != ":" && $0 != "/" }
    }
}

import DecthingsAPI
import Strata
import Synchronization

/// Encoded answers that hold as long as nothing changes: of one moment, in bounded memory.
///
/// An answer depends on what was asked and on the caller's rights, and on what the moment stands for.
final class KeptAnswers: Sendable {
    struct Question: Hashable {
        let params: JSONValue
        let right: Right?
        let rightsByID: [String: Right]

        init(_ call: Call) {
            params = call.params
            right = call.caller.right
            rightsByID = call.caller.rightsByID
        }
    }

    /// What an answer was read at.
    struct Moment: Hashable {
        let change: ChangeToken
        /// Counts what only this process knows.
        let modelsInCreation: Int
    }

    private struct State {
        var moment: Moment?
        var answers: [Question: [UInt8]] = [:]
        var sizeBytes = 0
    }

    static let sizeBytesMax = 16 << 20
    static let answersMax = 256
    private let state = Mutex(State())

    func answer(to question: Question, at moment: Moment) -> [UInt8]? {
        state.withLock { state in state.moment == moment ? state.answers[question] : nil }
    }

    /// Keeps an answer that was read after `moment` was asked for; those of other moments go.
    func keep(_ answer: [UInt8], to question: Question, at moment: Moment) {
        guard answer.count <= Self.sizeBytesMax / 4 else { return }
        state.withLock { state in
            let isFull = state.answers.count >= Self.answersMax || state.sizeBytes + answer.count > Self.sizeBytesMax
            if state.moment != moment || isFull { state = State(moment: moment) }
            state.sizeBytes += answer.count - (state.answers.updateValue(answer, forKey: question)?.count ?? 0)
        }
    }
}

import DecthingsAPI
import Foundation

extension Seeds {
    static var tensors: [[UInt8]] {
        let media = [MediaElement(format: "png", data: [1, 2, 3]), MediaElement(format: "jpeg", data: [])]
        let all = [
            Tensor([1.5, -2, 3] as [Float]), Tensor([1, 2, 3, 4, 5, 6] as [Int64], shape: [2, 3]), Tensor.scalar(true),
            Tensor.strings(["a", "", "ünï ☃"]), Tensor.binary([[], [0, 255]]), Tensor.media(.image, media), Tensor.media(.audio, media, shape: [1, 2]),
            Tensor([] as [UInt8], shape: [0, 7]),
        ]
        let old = all[5].encoded(for: .threeByteFormat)
        return all.map { Array($0.bytes) } + [Tensor.concatenated(all), Array(old)]
    }

    static var frames: [[UInt8]] {
        let json = Array(#"{"modelId":"m","name":"n"}"#.utf8)
        let blobs: [ArraySlice<UInt8>] = [[1, 2, 3], [], [4]]
        let response = ResponseFrame(json: Envelope.emptyResult.serialized(), blobs: blobs)
        let call = Array(#"{"api":"Model","method":"getModels","params":{},"apiKey":null}"#.utf8)
        return [
            RequestFrame(json: json, blobs: blobs).encoded(), RequestFrame(json: json).encoded(), response.encoded(),
            WebSocketRequestFrame(requestID: 7, body: RequestFrame(json: call, blobs: [[9]])).encoded(),
            WebSocketServerFrame.response(requestID: 7, response).encoded(),
            WebSocketServerFrame.event(api: "Model", name: "e", params: .object([:]), blobs: blobs).encoded(),
        ]
    }

    static var runtime: [[UInt8]] {
        let texts = [
            #"{"event":"modelSessionInitialized","params":{}}"#, #"{"event":"modelSessionInitialized","params":{"error":{"code":"exception","details":"x"}}}"#,
            #"{"id":"0","result":{}}"#, #"{"id":"0","result":{"outputs":[{"name":"o","byteSizes":[4]}]}}"#, #"{"id":"0","result":{"error":"exception"}}"#,
            #"{"event":"trainingProgress","params":{"trainingSessionId":"t","progress":NaN}}"#,
        ]
        let provide = Array(#"{"event":"provideStateData","params":{"commandId":"4","names":["weight","meta"]}}"#.utf8)
        let request = Array(#"{"event":"requestData","requestId":0,"dataset":"0","startIndex":0,"amount":1}"#.utf8)
        let shuffle = Array(#"{"event":"shuffle","datasets":["0","1"]}"#.utf8)
        let messages = texts.map { RuntimeFrames.processMessage(json: Array($0.utf8)) }
        let more = [
            RuntimeFrames.processMessage(json: provide, blobs: [[1, 2, 3, 4], []]), RuntimeFrames.processDataEvent(json: request),
            RuntimeFrames.processDataEvent(json: shuffle),
        ]
        return messages + more + [Array((messages + more).joined())] + texts.map { Array($0.utf8) }
    }

    /// Each text for the types among which it can belong; which one that is, fuzzing finds out.
    static var messages: [[UInt8]] {
        let texts = [
            #"{"modelId":"m","name":"n","params":[{"name":"p","dataset":{"datasetId":"d","datasetKey":"k"}}],"mountModels":[{"modelId":"m","stateId":"s"}],"executionLocation":{"type":"temporaryLauncher","spec":{"cpuCount":1}}}"#,
            #"{"success":{"durations":{"total":1,"createState":2},"stateId":"s"}}"#,
            #"{"failed":{"durations":{"total":1},"error":{"code":"exception","at":"createState","exceptionDetails":"x"}}}"#,
            #"{"offset":0,"limit":10,"sort":"createdAt","sortDirection":"asc","filter":{"owners":["o"],"ids":["i"],"names":["n"],"tags":[{"tag":"t","value":"v"}],"searchName":"s"}}"#,
            #"{"name":"p","shape":[-1,3],"required":false,"allowedTypes":["f32"],"annotations":["a"],"default":null}"#,
            #"{"code":"invalid_parameter","parameterName":"p","reason":"r"}"#, #"{"id":"s","name":"n","createdAt":1,"state":[{"key":"k","byteSize":3}]}"#,
            #"[1,-2.5e3,"\ud83d\ude00\u0000",true,null,{"a":{"a":[[]]}}]"#,
        ]
        return texts.enumerated().flatMap { number, text in [0, 11, 25, 40].map { [UInt8($0 + number)] + Array(text.utf8) } }
    }

    /// A change of each kind to each table, four in an input, and each use of the store.
    static var catalogChanges: [[UInt8]] {
        var found: [[UInt8]] = (0..<8).map { [$0] }
        for table in UInt8(0)..<24 {
            for kind in UInt8(0)..<8 {
                if kind % 4 == 0 { found.append([table &* 2 &+ kind / 4]) }
                let column = (table &+ kind &* 3) % 12
                let value: [UInt8] =
                    switch kind {
                    case 0, 6: []
                    case 1: [0xff]
                    case 2: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]
                    case 3: [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]
                    case 4: [3, 97, 98, 99]
                    case 5: [2, 0, 255]
                    default: [table, kind, 9, 0, 4, 1, 2, 3, 4]
                    }
                found[found.count - 1] += [table, column, table % 3, kind] + value
            }
        }
        return found
    }

    static var storeFiles: [[UInt8]] {
        let plan = #"{"moves":[{"from":"repair/catalog.sqlite","to":"catalog.sqlite"},{"from":"../x","to":"y","whileThereIs":"z"}]}"#
        let texts: [(UInt8, String)] = [
            (0, "strata 1 00000000-0000-4000-8000-000000000000\n"), (0, "strata 99 x\n"), (0, "strata x"), (0, ""), (1, "verified 1 3 -\n"),
            (1, "verified 1 9223372036854775807 -9223372036854775808\n"), (2, "\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"), (2, "x"), (3, "STRATAPK"),
            (4, plan), (4, "{"), (5, "SQLite format 3\u{0}"), (6, "SQLite format 3\u{0}"), (6, ""), (7, "strata 1 x\n"),
        ]
        return texts.map { [$0.0] + Array($0.1.utf8) }
    }
}

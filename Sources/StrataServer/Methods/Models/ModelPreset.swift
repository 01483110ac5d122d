import Strata

/// The files that a new model made of code begins with.
enum ModelPreset {
    /// - Parameter name: `none` for no files, `empty` for an empty entry file; every other name, and nil, for a sample that
    ///   multiplies numbers. Languages whose entry file is a program that has to be built get no files.
    static func files(_ name: String?, _ language: Strata.ModelLanguage) -> [(path: String, text: String)] {
        let sample: (path: String, text: String)? =
            switch language {
            case .python: ("main.py", pythonSample)
            case .javascript, .typescript: ("index.js", javaScriptSample)
            case .rust, .go: nil
            }
        guard let sample, name != "none" else { return [] }
        return [(sample.path, name == "empty" ? "" : sample.text)]
    }

    static let pythonSample = """
        \"""A sample model: it multiplies numbers.

        createModelState takes `factor`, a number (2 when it is missing), and stores it. evaluate multiplies every tensor of every
        parameter with it and answers under the same names. train takes `x` and `y` and learns the factor between them.
        \"""

        import numpy as np
        from decthings_api import DecthingsTensor
        from decthings_model import make_model

        DEFAULT_FACTOR = 2.0


        async def numbers(params, name):
            loader = params.get(name)
            return [] if loader is None else [tensor.numpy() for tensor in await loader.next(loader.size())]


        class Multiplier:
            def __init__(self, factor):
                self.factor = factor

            async def evaluate(self, options):
                outputs = []
                for name, loader in options.params.items():
                    products = []
                    while loader.has_next():
                        for tensor in await loader.next(16):
                            values = tensor.numpy()
                            product = np.asarray(values * self.factor).astype(values.dtype)
                            products.append(DecthingsTensor(product, tensor.type(), tensor.shape()))
                    outputs.append({"name": name, "data": products})
                return outputs

            async def train(self, options):
                xs, ys = await numbers(options.params, "x"), await numbers(options.params, "y")
                for step, (x, y) in enumerate(zip(xs, ys)):
                    self.factor = float(np.mean(y) / np.mean(x))
                    loss = np.asarray(np.mean((y - x * self.factor) ** 2), dtype="<f8")
                    options.tracker.metrics([("loss", DecthingsTensor(loss, "f64", []))])
                    options.tracker.progress((step + 1) / len(xs))

            def getModelState(self, options):
                options.state_provider.provide("factor", np.float64(self.factor).tobytes())


        class Entry:
            async def createModelState(self, options):
                given = await numbers(options.params, "factor")
                factor = float(given[0].item()) if given else DEFAULT_FACTOR
                options.state_provider.provide("factor", np.float64(factor).tobytes())

            async def instantiateModel(self, options):
                if "factor" not in options.state:
                    return Multiplier(DEFAULT_FACTOR)
                return Multiplier(float(np.frombuffer(await options.state["factor"].read(), "<f8")[0]))


        model = make_model(Entry())

        """

    static let javaScriptSample = """
        // A sample model: it multiplies numbers. createModelState stores the number 2 under `factor`; evaluate takes tensors of 64-bit
        // floating point numbers (type byte 2) and answers under the same names.
        'use strict'

        const multiply = (item, factor) => {
            const product = Buffer.from(item)
            let offset = 2
            for (let dimension = 0; dimension < item[1]; dimension++) offset += { 253: 3, 254: 5, 255: 9 }[item[offset]] ?? 1
            for (; offset + 8 <= item.length; offset += 8) product.writeDoubleLE(item.readDoubleLE(offset) * factor, offset)
            return product
        }

        class Multiplier {
            constructor(factor) {
                this.factor = factor
            }

            async evaluate({ params }) {
                const outputs = []
                for (const [name, loader] of params) {
                    const items = await loader.next(loader.size())
                    outputs.push({ name, data: items.map((item) => multiply(item, this.factor)) })
                }
                return outputs
            }

            async getModelState({ stateProvider }) {
                const data = Buffer.alloc(8)
                data.writeDoubleLE(this.factor)
                stateProvider.provide('factor', data)
            }
        }

        exports.default = {
            async createModelState({ stateProvider }) {
                const data = Buffer.alloc(8)
                data.writeDoubleLE(2)
                stateProvider.provide('factor', data)
            },
            async instantiateModel({ state }) {
                const stored = await state.get('factor')?.read()
                return new Multiplier(stored ? stored.readDoubleLE(0) : 2)
            },
        }

        """
}

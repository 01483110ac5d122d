// The same as conformance_python, for Node.
'use strict'
const fs = require('fs')
const path = require('path')

const note = (other) => fs.readFileSync(path.join(other.mountPath, 'note.txt'))

class Instance {
    constructor(state, notes) {
        this.state = state
        this.notes = notes
    }

    async evaluate({ params }) {
        const outputs = []
        for (const [name, loader] of params) outputs.push({ name, data: await loader.next(loader.size()) })
        if (params.has('state')) throw new Error([...this.state.keys()].sort().join(',') + ';' + this.notes.join(','))
        return outputs
    }

    async train({ params, tracker }) {
        const xs = params.get('x')
        const count = xs.size()
        for (let number = 0; number < count; number++) {
            const [item] = await xs.next(1)
            this.state.set('log', Buffer.concat([this.state.get('log') ?? Buffer.alloc(0), item]))
            tracker.metrics([{ name: 'seen', value: item }])
            tracker.progress((number + 1) / count)
        }
        if (params.has('raise')) throw new Error('raised on request')
        if (params.has('wait')) await new Promise((done) => setTimeout(done, 3600e3))
    }

    async getModelState({ stateProvider }) {
        for (const [key, data] of this.state) stateProvider.provide(key, data)
    }
}

exports.default = {
    async createModelState({ params, otherModels, stateProvider }) {
        if (params.has('exit')) process.exit(3)
        for (const [name, loader] of params) stateProvider.provide(name, Buffer.concat(await loader.next(loader.size())))
        for (const [id, other] of otherModels) {
            stateProvider.provide(`${id}/note`, note(other))
            for (const [key, loader] of other.state) stateProvider.provide(`${id}/${key}`, await loader.read())
        }
        if (params.has('raise')) throw new Error('raised on request')
    },
    async instantiateModel({ state, otherModels }) {
        const values = new Map()
        for (const [key, loader] of state) values.set(key, await loader.read())
        if (values.has('raise')) throw new Error('raised on request')
        return new Instance(values, [...otherModels.values()].map((other) => note(other).toString()))
    },
}

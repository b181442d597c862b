/* SPDX-License-Identifier: Apache-2.0
 *
 * ExecuTorch's C++ runtime behind five C functions, so that the comparison times its Method and nothing of Python.
 * Compiled by bench/runners.py against the headers of the installed package, whose extension module has the symbols.
 * A run sets the inputs and executes, as its Module::forward does: what executes may use the memory of inputs that it planned.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <executorch/runtime/core/data_loader.h>
#include <executorch/runtime/executor/method.h>
#include <executorch/runtime/executor/program.h>
#include <executorch/runtime/platform/runtime.h>

using namespace executorch::runtime;

namespace {

/* The file: a segment is mapped for as long as it is wanted, as its own MmapDataLoader does. */
struct File final : DataLoader {
    int file;
    size_t bytes = 0;

    explicit File(const char *path) : file(open(path, O_RDONLY)) {
        struct stat status;
        if (file >= 0 && !fstat(file, &status)) bytes = status.st_size;
    }
    ~File() override { close(file); }

    Result<FreeableBuffer> load(size_t offset, size_t size, const SegmentInfo &) const override {
        if (offset > bytes || size > bytes - offset) return Error::InvalidArgument;
        if (size == 0) return FreeableBuffer(nullptr, 0, nullptr);
        const size_t before = offset % page();
        void *const memory = mmap(nullptr, before + size, PROT_READ, MAP_PRIVATE, file, offset - before);
        if (memory == MAP_FAILED) return Error::AccessFailed;
        return FreeableBuffer(static_cast<char *>(memory) + before, size, unmap);
    }
    Error load_into(size_t offset, size_t size, const SegmentInfo &, void *buffer) const override {
        return pread(file, buffer, size, offset) == static_cast<ssize_t>(size) ? Error::Ok : Error::AccessFailed;
    }
    Result<size_t> size() const override { return bytes; }

private:
    static size_t page() { return sysconf(_SC_PAGESIZE); }
    static void unmap(void *, void *data, size_t size) {
        char *const start = static_cast<char *>(data) - reinterpret_cast<uintptr_t>(data) % page();
        munmap(start, static_cast<char *>(data) + size - start);
    }
};

struct Heap final : MemoryAllocator {
    std::vector<void *> blocks;

    Heap() : MemoryAllocator(0, nullptr) {}
    ~Heap() override { reset(); }
    void *allocate(size_t size, size_t alignment) override {
        const size_t align = alignment < sizeof(void *) ? sizeof(void *) : alignment;
        blocks.push_back(aligned_alloc(align, (size + align - 1) / align * align));
        return blocks.back();
    }
    void reset() override {
        for (void *block : blocks) free(block);
        blocks.clear();
    }
};

struct Input {
    std::vector<executorch::aten::SizesType> sizes;
    std::vector<executorch::aten::DimOrderType> order;
    std::vector<executorch::aten::StridesType> strides;
    std::unique_ptr<executorch::aten::TensorImpl> tensor;
};

struct Model {
    File file;
    Heap heap, temporary;
    std::unique_ptr<Program> program;
    std::vector<std::vector<uint8_t>> planned;
    std::vector<Span<uint8_t>> spans;
    std::unique_ptr<HierarchicalAllocator> arenas;
    std::unique_ptr<MemoryManager> memory;
    std::unique_ptr<Method> method;
    std::vector<Input> inputs;

    explicit Model(const char *path) : file(path) {}

    Error load() {
        auto opened = Program::load(&file);
        if (!opened.ok()) return opened.error();
        program = std::make_unique<Program>(std::move(opened.get()));
        auto meta = program->method_meta("forward");
        if (!meta.ok()) return meta.error();
        for (size_t i = 0; i < meta->num_memory_planned_buffers(); i++) {
            planned.emplace_back(meta->memory_planned_buffer_size(i).get());
            spans.emplace_back(planned.back().data(), planned.back().size());
        }
        arenas = std::make_unique<HierarchicalAllocator>(Span<Span<uint8_t>>(spans.data(), spans.size()));
        memory = std::make_unique<MemoryManager>(&heap, arenas.get(), &temporary);
        auto loaded = program->load_method("forward", memory.get());
        if (!loaded.ok()) return loaded.error();
        method = std::make_unique<Method>(std::move(loaded.get()));
        inputs.resize(method->inputs_size());
        return Error::Ok;
    }

    Error set_input(size_t index) {
        return method->set_input(EValue(executorch::aten::Tensor(inputs[index].tensor.get())), index);
    }
};

} // namespace

extern "C" {

Model *peer_load(const char *path) {
    runtime_init();
    auto model = std::make_unique<Model>(path);
    return model->load() == Error::Ok ? model.release() : nullptr;
}

void peer_free(Model *model) { delete model; }

int peer_set_input(Model *model, size_t index, int type, size_t rank, const size_t *sizes, const uint8_t *order,
                   void *data) {
    Input &input = model->inputs.at(index);
    input.sizes.assign(sizes, sizes + rank);
    input.order.assign(order, order + rank);
    input.strides.resize(rank);
    size_t stride = 1;
    for (size_t i = rank; i-- > 0; stride *= sizes[order[i]]) input.strides[order[i]] = stride;
    input.tensor = std::make_unique<executorch::aten::TensorImpl>(
        static_cast<executorch::aten::ScalarType>(type), rank, input.sizes.data(), data, input.order.data(),
        input.strides.data(), executorch::aten::TensorShapeDynamism::DYNAMIC_BOUND);
    return static_cast<int>(model->set_input(index));
}

int peer_run(Model *model) {
    for (size_t i = 0; i < model->inputs.size(); i++) {
        const Error error = model->set_input(i);
        if (error != Error::Ok) return static_cast<int>(error);
    }
    return static_cast<int>(model->method->execute());
}

/* The elements of a tensor output; NULL when it is none. */
const void *peer_output(Model *model, size_t index, size_t *bytes) {
    const EValue &value = model->method->get_output(index);
    if (!value.isTensor()) return nullptr;
    *bytes = value.toTensor().nbytes();
    return value.toTensor().const_data_ptr();
}
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU plugin that counts the instructions a program executes and says so on standard error. Debian ships qemu-user
 * with plugins but without their header, so the few declarations used stand here (plugin interface 1).
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id;
struct qemu_plugin_tb;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id id, void (*)(qemu_plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *at, uint64_t value);
void qemu_plugin_register_atexit_cb(qemu_plugin_id id, void (*)(qemu_plugin_id, void *), void *argument);

#define EXPORT __attribute__((visibility("default")))
enum { ADD = 0 };

EXPORT int qemu_plugin_version = 1;
static uint64_t executed;

static void translated(qemu_plugin_id id, struct qemu_plugin_tb *block) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD, &executed, qemu_plugin_tb_n_insns(block));
}

static void finished(qemu_plugin_id id, void *argument) {
    (void)id, (void)argument;
    fprintf(stderr, "%" PRIu64 "\n", executed);
}

EXPORT int qemu_plugin_install(qemu_plugin_id id, const void *machine, int argc, char **argv);
int qemu_plugin_install(qemu_plugin_id id, const void *machine, int argc, char **argv) {
    (void)machine, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}

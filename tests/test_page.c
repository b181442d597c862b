/* SPDX-License-Identifier: Apache-2.0
 *
 * The page of `mica inspect --html` in a real browser: it loads, sorts, filters, opens rows, and no script fails. Skipped
 * where there is no Chromium.
 */
#include "dump.h"

#include "mica/inspect.h"

/* Before the page's own script: what goes wrong is kept. */
static const char watch[] =
    "<script>window.errors = [];"
    "addEventListener('error', e => { errors.push(e.message); document.documentElement.setAttribute('data-errors', "
    "e.message); });"
    "addEventListener('securitypolicyviolation', e => errors.push(e.violatedDirective));</script>";

/* Behind it: a visitor. What there is to see after each step stands in data-seen, steps divided by '|'. */
static const char visit[] =
    "<script>{ const seen = [];"
    "const names = () => [...document.querySelectorAll('#events tr.row th')].map(e => e.textContent).join(',');"
    "const heading = text => [...document.querySelectorAll('#events thead button')].find(e => e.textContent === "
    "text);"
    "const change = (id, value, type) => { const e = document.getElementById(id); e.value = value;"
    "  e.dispatchEvent(new Event(type)); };"
    "seen.push(names());"
    "heading('p50').click(); seen.push(names(), heading('p50').closest('th').getAttribute('aria-sort'));"
    "heading('p50').click(); seen.push(names(), heading('p50').closest('th').getAttribute('aria-sort'));"
    "heading('event').click(); seen.push(names());"
    "change('filter', 'pf32_gemm', 'input'); seen.push(names());"
    "document.querySelector('#events tr.row button').click();"
    "seen.push(document.querySelector('#events tr.detail').textContent.includes('model.py') ? 'no' : 'detail');"
    "change('filter', '', 'input'); document.getElementById('all').click(); seen.push(names());"
    "change('by', 'kernel', 'change'); seen.push(document.querySelector('.bar .name').textContent);"
    "change('run', '0:2', 'change'); seen.push(document.querySelectorAll('#timeline rect').length);"
    "seen.push(document.querySelectorAll('#roofline circle').length, document.querySelectorAll('#reasons "
    "li').length);"
    "document.body.setAttribute('data-seen', seen.join('|'));"
    "document.documentElement.setAttribute('data-errors', errors.join('|') || 'none'); }</script>";

#define FAST                                                                                                         \
    "{\"mica\":1,\"node_type\":\"FullyConnected\",\"kernel\":\"pf32_gemm\",\"operations\":4e6,\"bytes\":1e6,"        \
    "\"types\":\"f32, f32 -> f32\",\"accelerated\":true,\"eligible_kind\":true}"
#define SLOW                                                                                                         \
    "{\"mica\":1,\"node_type\":\"Conv2d\",\"kernel\":\"igemm\",\"operations\":2e6,\"bytes\":1e6,\"accelerated\":"    \
    "false,\"eligible_kind\":true,\"reasons\":[{\"variant\":\"pf32_gemm\",\"code\":\"pointwise_filter\","            \
    "\"message\":\"<b>3×3</b>\",\"remedy\":\"1×1\"}]}"
#define MACHINE "{\"mica\":1,\"machine\":{\"cpu\":\"</script><img src=x>\",\"limits\":{\"f32\":1e11,\"DRAM\":1e10}}}"
#define RUN(at, a, b)                                                                                                \
    {.run = "Execute", .id = "B #1", .start = (at) + 10, .end = (at) + 50010, .metadata = (a)},                      \
        {.id = "A #1", .start = (at) + 50010, .end = (at) + 70010, .metadata = (b)},                                 \
        {.name = "DELEGATE_CALL", .start = (at) + 5, .end = (at) + 80000},                                           \
        {.name = "Method::execute", .chain = -1, .start = (at), .end = (at) + 90000}

static char *make_page(void) {
    const dump_event events[] = {
        {.run = "Default", .name = "Method::init", .chain = -1, .end = 1000, .metadata = MACHINE},
        RUN(100000, FAST, SLOW),
        RUN(200000, NULL, NULL),
        RUN(300000, NULL, NULL),
    };
    const dump_bytes bytes = dump_build(events, sizeof events / sizeof *events);
    char *const dump = dump_file(bytes.data, bytes.size);
    mica_context *context = NULL;
    mica_inspection *inspection = NULL;
    const mica_inspect_options options = {.size = sizeof options, .target = MICA_MS};
    assert_int_equal(mica_context_create(NULL, &context), MICA_OK);
    assert_int_equal(mica_inspection_open(context, dump, &options, &inspection), MICA_OK);
    FILE *const file = tmpfile();
    assert_int_equal(mica_inspection_write(inspection, MICA_INSPECT_HTML, NULL, file), MICA_OK);
    char *const page = dump_read(file);
    fclose(file);
    mica_inspection_close(inspection);
    mica_context_destroy(context);
    unlink(dump);
    free(dump);
    free(bytes.data);
    return page;
}

/* The page with the watcher at its head and the visitor at its end; the caller frees. */
static char *with_visitor(const char *page) {
    const char *const head = strstr(page, "<style>"), *const end = strstr(page, "</body>");
    assert_true(head && end);
    const size_t size = strlen(page) + sizeof watch + sizeof visit;
    char *const whole = malloc(size);
    snprintf(whole, size, "%.*s%s%.*s%s%s", (int)(head - page), page, watch, (int)(end - head), head, visit, end);
    return whole;
}

static void a_browser_shows_it(void **state) {
    (void)state;
    if (system("command -v chromium >/dev/null") != 0) skip();
    char *const page = make_page(), *const visited = with_visitor(page);
    char folder[] = "/tmp/mica_page_XXXXXX", path[64], command[512];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/page.html", folder);
    FILE *const file = fopen(path, "wb");
    fwrite(visited, 1, strlen(visited), file);
    fclose(file);
    snprintf(
        command, sizeof command,
        "timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir=%s/profile --dump-dom file://%s "
        "2>/dev/null",
        folder, path);
    FILE *const pipe = popen(command, "r");
    char *const seen = dump_read(pipe);
    assert_int_equal(pclose(pipe), 0);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);

    if (!strstr(seen, "data-errors=\"none\""))
        fail_msg("%.300s", strstr(seen, "data-errors") ? strstr(seen, "data-errors") : seen);
    static const char expected[] = "data-seen=\""
                                   "Method::init,B #1,A #1,DELEGATE_CALL,Method::execute|"
                                   "Method::execute,DELEGATE_CALL,B #1,A #1,Method::init|descending|"
                                   "Method::init,A #1,B #1,DELEGATE_CALL,Method::execute|ascending|"
                                   "A #1,B #1,DELEGATE_CALL,Method::execute,Method::init|"
                                   "B #1|detail|A #1,B #1|pf32_gemm|4|2|1\"";
    const char *const got = strstr(seen, "data-seen=");
    assert_non_null(got);
    if (strncmp(got, expected, sizeof expected - 1) != 0) fail_msg("%.*s", (int)sizeof expected + 100, got);
    assert_null(strstr(seen, "<img")); /* what a profile says is text and never a part of the page */
    assert_null(strstr(seen, "<b>3"));
    free(seen);
    free(visited);
    free(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_browser_shows_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the control socket. */
#include <stdlib.h>

#include "daemon/control.h"
#include "daemon/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *root, *args;
	const char *command;
	enum ms_log_level level;
	uint64_t v;

	if (ms_log_level_parse(ms_span_of(data, size), &level) == 0 && level > MS_LOG_DEBUG)
		abort();
	if (ms_control_parse(ms_span_of(data, size), &root, &command, &args))
		return 0;
	if (!command || !json_is_object(args))
		abort();
	if (ms_control_u64(args, "n", 10, &v) == 0 && v > 10)
		abort();
	ms_control_text(args, "uri");
	json_decref(root);
	return 0;
}

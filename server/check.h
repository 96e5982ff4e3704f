/* descentd --check: asks the running server whether it is well. For the container's health check. */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include "server/config.h"

/* GET /healthz of the configured address (an address that stands for all is asked on the loopback). OK on a 200 within
 * three seconds. */
enum status check_health(const struct config *config, struct error *error);

#endif

#ifndef API_VERSION_H
#define API_VERSION_H
#define DESCENT_VERSION "0.1.0"
#endif

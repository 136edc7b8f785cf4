"""Small stand-ins that the unit tests share: a clock, a Windows host, an AXDB, AOS addresses. None of them waits."""

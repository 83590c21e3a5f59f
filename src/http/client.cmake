room(http_client
  FILES client.cpp client_problem.cpp service_url.cpp
  LINKS core Boost::headers Boost::json Threads::Threads)

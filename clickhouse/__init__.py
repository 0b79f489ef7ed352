"""Where results are kept: numbered migrations, views declared anew, and the users of a real server."""

"""Handlers of the REST routes: thin; they validate and delegate. Imported at server start, so they import little."""

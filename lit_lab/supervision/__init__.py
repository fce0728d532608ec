"""The model service, seen from the Jupyter server: started, watched, restarted and stopped, or found elsewhere."""

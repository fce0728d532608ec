import './base.css';
import './panel.css';
import './flow.css';
import './datasets.css';
import './notebook.css';
